"""Parts shared by models."""
