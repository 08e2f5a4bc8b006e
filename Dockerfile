# The image of every Airflow service in docker-compose.yaml: Python, Headwater, nothing else.
FROM python:3.11.13-slim-bookworm
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 AIRFLOW_HOME=/opt/airflow
RUN useradd --uid 50000 --create-home --home-dir /opt/airflow airflow
WORKDIR /opt/headwater
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY include include
COPY plugins plugins
COPY dags dags
RUN PIP_CONSTRAINT=constraints.txt python -m pip install --compile '.[celery,demo]'
COPY --chmod=755 docker/with-secrets /usr/local/bin/with-secrets
RUN install -d -o airflow /srv/missions /srv/snapshots /opt/airflow/logs
USER airflow
WORKDIR /opt/airflow
ENTRYPOINT ["with-secrets"]
