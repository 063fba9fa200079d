"""清单与规则: the duty list, the policies and the word lists as text; changes proposed, decided, brought back."""
