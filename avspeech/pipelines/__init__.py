"""What a user calls: a trained model, with everything between it and a file or an array."""
