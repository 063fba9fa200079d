"""The duty list, policies and word lists edited as text: proposed by one person, decided by another."""
