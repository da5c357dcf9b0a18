"""To and from other formats: Parquet, JPEG folders, video, pictures with a CSV."""
