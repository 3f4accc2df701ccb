"""The scenarios, played by an agent through the real loop: conversation, tools and approval in a simulated world."""
