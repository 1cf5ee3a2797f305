"""What is one: the records of all systems clustered into interactions."""
