package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	f := New(Conflict, "Code %s is taken.", "JANE10").Field("code").Hint("Choose another one.")
	tests := []struct {
		err  error
		want Kind
	}{
		{nil, ""},
		{errors.New("disk"), Internal},
		{f, Conflict},
		{fmt.Errorf("create coupon: %w", f), Conflict},
	}
	for _, tt := range tests {
		if got := KindOf(tt.err); got != tt.want {
			t.Errorf("KindOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
	if got, want := f.Error(), "Code JANE10 is taken."; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestBecauseKeepsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("23505")
	f := New(Conflict, "Taken.").Because(cause)
	if !errors.Is(f, cause) {
		t.Error("the cause is lost")
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var l List
	if l.Err() != nil {
		t.Error("an empty list is an error")
	}
	l.Add(nil)
	l.Add(New(Invalid, "a").Field("a"))
	if err := l.Check(New(Invalid, "b").Field("b")); err != nil {
		t.Errorf("a fault came back: %v", err)
	}
	disk := errors.New("disk")
	if got := l.Check(disk); got != disk {
		t.Errorf("Check(disk) = %v", got)
	}
	e, ok := As(l.Err())
	if !ok || e.About != "a" || len(e.Also) != 1 || e.Also[0].About != "b" {
		t.Errorf("Err() = %+v", e)
	}
}

func TestAListInAListIsOneList(t *testing.T) {
	t.Parallel()
	var inner, outer List
	inner.Add(New(Invalid, "b").Field("b"))
	inner.Add(New(Invalid, "c").Field("c"))
	outer.Add(New(Invalid, "a").Field("a"))
	if err := outer.Check(inner.Err()); err != nil {
		t.Fatal(err)
	}
	e, ok := As(outer.Err())
	if !ok || len(e.Also) != 2 || e.Also[0].About != "b" || e.Also[1].About != "c" || len(e.Also[0].Also) != 0 {
		t.Errorf("Err() = %+v", e)
	}
}
