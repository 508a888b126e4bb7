"""The Grafana dashboards in deploy/grafana, written from what is read here: `make dashboards`."""
