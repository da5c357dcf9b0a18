"""The dashboards, as code. The JSON in dashboards/ is what the code makes, and what Grafana is given:

python -m infra.grafana       writes it anew (as `make dashboards`), and the table of metrics in docs/OPERATIONS.md
"""
