-- When a failed notice was taken up again by hand: how long a channel that says "later" is believed counts from then.
ALTER TABLE notice ADD COLUMN taken_up_at timestamptz;
