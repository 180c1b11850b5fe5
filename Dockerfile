# docker build -t klink .
# docker run -p 8080:8080 -v klink:/data -e KLINK_SERVER__BASE_URL=https://go.example.org klink

ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY klink ./klink
RUN python -m venv /opt/klink \
    && pip wheel --no-cache-dir --no-deps --wheel-dir /dist . \
    && /opt/klink/bin/pip install --no-cache-dir /dist/*.whl

FROM ${BASE}
COPY --from=build /opt/klink /opt/klink
RUN groupadd --system --gid 10001 klink \
    && useradd --system --uid 10001 --gid klink --home-dir /data --no-create-home klink \
    && install --directory --owner klink --group klink --mode 0700 /data
ENV PATH=/opt/klink/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KLINK_DATA_DIR=/data \
    KLINK_SERVER__LISTEN=0.0.0.0:8080
USER klink
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['KLINK_SERVER__LISTEN'].rpartition(':')[2] + '/health', timeout=4)"]
ENTRYPOINT ["klink"]
CMD ["serve"]
