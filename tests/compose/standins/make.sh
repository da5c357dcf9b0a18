#!/usr/bin/env bash
# Images under the official tags of those that docker-compose.yml is built on, for a machine that cannot pull them:
#
#     sudo PYTHON=.venv/bin/python tests/compose/standins/make.sh      two minutes; needs docker and debootstrap
#
# They come from this machine's own Debian packages, its certificates with them, and from Kafka's pinned jars: for trying
# docker-compose.yml here, never to be pushed. Prometheus is Debian's older one, the
# schema registry keeps its schemas in memory. There is none for Grafana.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DOCKER_BUILDKIT=0

debian=$work/debian
debootstrap --variant=minbase --include=ca-certificates bookworm "$debian" > "$work/log" || { tail "$work/log"; exit 1; }
rm "$debian/etc/apt/sources.list"
cp /etc/apt/sources.list.d/debian.sources "$debian/etc/apt/sources.list.d/"
find /etc/apt/apt.conf.d -name '99*' -exec cp {} "$debian/etc/apt/apt.conf.d/" \;
find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$debian/usr/local/share/ca-certificates/" \;
chroot "$debian" update-ca-certificates
printf 'path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n' \
    > "$debian/etc/dpkg/dpkg.cfg.d/slim"
printf '#!/bin/sh\nexit 101\n' > "$debian/usr/sbin/policy-rc.d" && chmod +x "$debian/usr/sbin/policy-rc.d"
rm -rf "$debian"/var/lib/apt/lists/* "$debian"/var/cache/apt/*.bin "$debian"/var/cache/apt/archives/*.deb \
    "$debian"/usr/share/{doc,man,locale}/*
certificates=/etc/ssl/certs/ca-certificates.crt
tar --create --directory "$debian" . | docker import --change 'CMD ["bash"]' \
    --change "ENV SSL_CERT_FILE=$certificates" --change "ENV REQUESTS_CA_BUNDLE=$certificates" \
    --change "ENV PIP_CERT=$certificates" - charles-standin-debian

cp -r "$here/kafka" "$here/registry" "$work"
"${PYTHON:-python3}" - "$work" <<'END'
import shutil
import sys
from pathlib import Path

from infra.kafka.jars import cached_jars, pinned
from infra.kafka.find_runtime import cache_folder
from tests.schema_registry import archive

work = Path(sys.argv[1])
(work / "kafka/libs").mkdir()
cached_jars(work / "kafka/libs", pinned())
shutil.copy(archive(cache_folder().with_name("schema-registry")), work / "registry/registry.tar.gz")
END

docker build --tag python:3.11-slim-bookworm "$here/python"
docker build --tag apache/kafka:4.3.1 "$work/kafka"
docker build --tag apicurio/apicurio-registry-kafkasql:2.6.13.Final "$work/registry"
docker build --tag prom/prometheus:v3.5.0 "$here/prometheus"
