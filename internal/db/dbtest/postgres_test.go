package dbtest

import (
	"strings"
	"testing"
)

func TestDatabaseIsFreshAndDropped(t *testing.T) {
	t.Parallel()
	server, err := Postgres()
	if err != nil {
		t.Fatal(err)
	}
	one, dropOne, err := Database(server)
	if err != nil {
		t.Fatal(err)
	}
	two, dropTwo, err := Database(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dropTwo)
	if one == two {
		t.Fatalf("two databases share the address %s", one)
	}
	if err := execute(one, "create table only_here (id bigint)"); err != nil {
		t.Fatal(err)
	}
	if err := execute(two, "select id from only_here"); err == nil {
		t.Error("the second database sees the first one's table")
	}
	dropOne()
	if err := execute(one, "select 1"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("after the drop: got %v, want an error that it does not exist", err)
	}
}
