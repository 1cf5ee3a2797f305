# Two stages: build a wheel with everything it needs, run it as nobody in particular.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY syncd syncd
COPY connectors connectors
COPY mappings mappings
RUN python -m venv /opt/syncd \
 && /opt/syncd/bin/pip install --no-cache-dir '.[postgresql]'

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 syncd
COPY --from=build /opt/syncd /opt/syncd
ENV PATH=/opt/syncd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SYNCD_CONFIG=/etc/syncd/syncd.toml
USER syncd
WORKDIR /var/lib/syncd
EXPOSE 8321
# The service stops cleanly on SIGTERM, within ten seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]
ENTRYPOINT ["syncd"]
CMD ["run"]
