"""What real runs cost."""
