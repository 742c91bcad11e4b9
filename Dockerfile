# One image for all of Trục's own services; docker-compose.yml says which one a container is.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
COPY requirements/ci.txt requirements/ci.txt
# every package by its hash; what the services do not need stays behind in this stage
RUN pip download --no-cache-dir --require-hashes --dest /wheels --requirement requirements/ci.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY LICENSES LICENSES
COPY signing signing
COPY exchange exchange
COPY workers workers
COPY scenarios scenarios
COPY console console
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .
RUN python -m venv /opt/truc
RUN /opt/truc/bin/pip install --no-cache-dir --no-index --find-links /wheels "truc[service]"

FROM python:3.11.14-slim-bookworm
RUN groupadd --gid 10001 truc && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/truc --shell /usr/sbin/nologin truc
RUN install --directory --owner truc --group truc --mode 0700 /var/lib/truc /var/lib/truc/spool
COPY --from=build /opt/truc /opt/truc
ENV PATH=/opt/truc/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONUTF8=1
WORKDIR /var/lib/truc
USER 10001:10001
STOPSIGNAL SIGTERM
CMD ["truc", "--help"]
