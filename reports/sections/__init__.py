"""What the page says: its sections."""
