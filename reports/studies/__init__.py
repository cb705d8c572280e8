"""What the page says of each named experiment."""
