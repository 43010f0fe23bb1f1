package track

// index finds rows by a hash of what names them. It holds the rows' numbers
// only, four bytes each with a quarter to five eighths of free places, where a
// map would hold the names again.
type index struct {
	slots []uint32 // number of a row + 1; 0 is free. The length is a power of two
	used  int
}

const fewestSlots = 16

// find is the row with a hash that is the one sought.
func (x *index) find(hash uint64, is func(row uint32) bool) (uint32, bool) {
	if x.used == 0 {
		return 0, false
	}
	for i := x.home(hash); x.slots[i] != 0; i = x.next(i) {
		if row := x.slots[i] - 1; is(row) {
			return row, true
		}
	}
	return 0, false
}

// put adds a row, which is not in the index. hashOf is the hash of each row
// that is.
func (x *index) put(hash uint64, row uint32, hashOf func(row uint32) uint64) {
	if 4*(x.used+1) > 3*len(x.slots) {
		old := x.slots
		x.slots = make([]uint32, max(fewestSlots, 2*len(old)))
		for _, slot := range old {
			if slot != 0 {
				x.set(hashOf(slot-1), slot)
			}
		}
	}
	x.set(hash, row+1)
	x.used++
}

func (x *index) set(hash uint64, slot uint32) {
	i := x.home(hash)
	for x.slots[i] != 0 {
		i = x.next(i)
	}
	x.slots[i] = slot
}

// remove takes a row out, if it is in, and closes the gap: rows behind it move
// up unless they are at home before it.
func (x *index) remove(hash uint64, row uint32, hashOf func(row uint32) uint64) {
	if x.used == 0 {
		return
	}
	gap := x.home(hash)
	for ; x.slots[gap] != row+1; gap = x.next(gap) {
		if x.slots[gap] == 0 {
			return
		}
	}
	x.used--
	mask := len(x.slots) - 1
	for i := x.next(gap); x.slots[i] != 0; i = x.next(i) {
		home := x.home(hashOf(x.slots[i] - 1))
		if (i-home)&mask >= (i-gap)&mask {
			x.slots[gap] = x.slots[i]
			gap = i
		}
	}
	x.slots[gap] = 0
}

func (x *index) home(hash uint64) int { return int(hash) & (len(x.slots) - 1) }

func (x *index) next(i int) int { return (i + 1) & (len(x.slots) - 1) }
