"""The page without a server, and what it shares with the page that has one."""
