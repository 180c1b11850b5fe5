# scripts/build-image builds it with docker, podman or buildah, whichever there is; by hand:
#
#   docker build -t klink .
#   docker run -p 8080:8080 -v klink:/data -e KLINK_SERVER__BASE_URL=https://go.example.org klink
#
# BASE may be any image of Debian or Ubuntu; where it has no Python, Debian's is installed.

ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN command -v python3 >/dev/null && python3 -m venv --help >/dev/null \
    || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv; }
# How pip gets at packages here, if not by itself; of this stage nothing stays in the image.
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL
COPY pyproject.toml README.md LICENSE ./
COPY klink ./klink
RUN --mount=type=secret,id=pip-cert \
    if [ -s /run/secrets/pip-cert ]; then export PIP_CERT=/run/secrets/pip-cert; fi \
    && python3 -m venv /opt/klink \
    && /opt/klink/bin/pip install --no-cache-dir --disable-pip-version-check . \
    && /opt/klink/bin/pip uninstall --yes --quiet pip setuptools

FROM ${BASE}
RUN command -v python3 >/dev/null \
    || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 \
         && rm -rf /var/lib/apt/lists/*; }
COPY --from=build /opt/klink /opt/klink
RUN groupadd --gid 10001 klink \
    && useradd --uid 10001 --gid klink --home-dir /data --no-create-home klink \
    && install --directory --owner klink --group klink --mode 0700 /data
ENV PATH=/opt/klink/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KLINK_DATA_DIR=/data \
    KLINK_SERVER__LISTEN=0.0.0.0:8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/opt/klink/bin/python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['KLINK_SERVER__LISTEN'].rpartition(':')[2] + '/health', timeout=4)"]
ENTRYPOINT ["klink"]
CMD ["serve"]
