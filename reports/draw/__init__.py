"""How things look: colours, axes, pictures, text of numbers."""
