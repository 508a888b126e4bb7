"""What alerts do to incidents: taken in, compared with the alerting, given from one incident to another."""
