package manual

import (
	"testing"

	"tributary.example/payout"
	"tributary.example/payout/payouttest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	payouttest.Run(t, Rail{})
}

func TestNothingToTake(t *testing.T) {
	t.Parallel()
	file, err := Rail{}.File(payout.Run{}, payouttest.Instructions())
	if err != nil || len(file.Content) != 0 {
		t.Errorf("%d bytes, %v", len(file.Content), err)
	}
}
