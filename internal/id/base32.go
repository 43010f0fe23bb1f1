package id

// alphabet is Crockford's base32 in lower case, as TypeID has it.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var values = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i := range alphabet {
		v[alphabet[i]] = byte(i)
	}
	return v
}()

// encode writes 128 bits as 26 characters of 5 bits; the first carries the top 3.
func encode(u [16]byte) (out [26]byte) {
	var acc, bits uint
	n := 25
	for i := 15; i >= 0; i-- {
		acc |= uint(u[i]) << bits
		bits += 8
		for bits >= 5 && n > 0 {
			out[n] = alphabet[acc&31]
			acc >>= 5
			bits -= 5
			n--
		}
	}
	out[0] = alphabet[acc&31]
	return out
}

func decode(s string) (u [16]byte, ok bool) {
	if len(s) != 26 || values[s[0]] > 7 {
		return u, false
	}
	var acc, bits uint
	n := 15
	for i := 25; i >= 0; i-- {
		v := values[s[i]]
		if v == 0xff {
			return [16]byte{}, false
		}
		acc |= uint(v) << bits
		bits += 5
		if bits >= 8 && n >= 0 {
			u[n] = byte(acc)
			acc >>= 8
			bits -= 8
			n--
		}
	}
	return u, true
}
