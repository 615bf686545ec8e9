"""What a link to the page shows where it is passed on, and how the page is sent."""
