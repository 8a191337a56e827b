"""How much of an accuracy is owed to copies of test pictures among the training ones."""
