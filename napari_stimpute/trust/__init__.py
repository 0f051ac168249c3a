"""What hidden molecules say of a result."""
