"""Clients for Alertmanager's and Prometheus' HTTP APIs."""
