"""Routes past Slack on which people are paged, and the schedules that say who is on call."""
