package click

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"time"

	"tributary.example/internal/id"
)

// Frame is a group of clicks and drop counts that travels as one message:
// newline-delimited JSON, so that jq and a person can read it.
type Frame struct {
	ID     id.Frame
	Clicks []Click
	Drops  []Drop
}

// The limits of a frame. A click is at most 4 kB.
const (
	MaxFrameClicks = 512
	MaxFrameBytes  = 512 << 10
	maxLine        = 4 << 10
)

// The headers of a frame's message.
const (
	headerVersion = "Tributary-Frame"
	headerCount   = "Tributary-Count"
	headerSum     = "Tributary-Crc32c"
	frameVersion  = "1"
)

// line is one line of a frame: a click or a drop count.
type line struct {
	Click *Click `json:"click,omitempty"`
	Drop  *Drop  `json:"drop,omitempty"`
}

// AppendClick writes a click's line behind buf. A click whose texts are longer
// in JSON than a line may be loses the longest of them.
func AppendClick(buf []byte, c Click) []byte {
	out := appendClick(buf, &c)
	if len(out)-len(buf) > maxLine {
		c.Agent, c.Referrer, c.Landing = Cut(c.Agent, maxValue), Cut(c.Referrer, maxValue), Cut(c.Landing, maxValue)
		out = appendClick(buf, &c)
	}
	return append(out, '\n')
}

// AppendDrop writes a drop count's line behind buf.
func AppendDrop(buf []byte, d Drop) []byte {
	return append(append(buf, encode(line{Drop: &d})...), '\n')
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // & and < take six bytes each otherwise
	if err := e.Encode(v); err != nil {
		panic(err) // strings, numbers and times always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// FrameHeader is the header of a frame's message: version, number of lines
// and CRC-32C of the data.
func FrameHeader(lines int, data []byte) map[string]string {
	return map[string]string{
		headerVersion: frameVersion,
		headerCount:   strconv.Itoa(lines),
		headerSum:     sumOf(data),
	}
}

func sumOf(data []byte) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.Checksum(data, castagnoli)))
}

// ReadFrame reads a frame's message, and refuses one that is not whole.
func ReadFrame(frame id.Frame, header map[string]string, data []byte) (Frame, error) {
	f := Frame{ID: frame}
	if v := header[headerVersion]; v != frameVersion {
		return f, fmt.Errorf("frame %s has version %q, we read %s", frame, v, frameVersion)
	}
	if sum := sumOf(data); sum != header[headerSum] {
		return f, fmt.Errorf("frame %s has checksum %s, its header says %q", frame, sum, header[headerSum])
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, MaxFrameBytes)
	n := 0
	for ; lines.Scan(); n++ {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return f, fmt.Errorf("frame %s, line %d: %w", frame, n+1, err)
		}
		if l.Click != nil {
			l.Click.limit()
			f.Clicks = append(f.Clicks, *l.Click)
		}
		if l.Drop != nil {
			f.Drops = append(f.Drops, *l.Drop)
		}
	}
	if err := lines.Err(); err != nil {
		return f, fmt.Errorf("frame %s: %w", frame, err)
	}
	if strconv.Itoa(n) != header[headerCount] {
		return f, fmt.Errorf("frame %s has %d lines, its header says %q", frame, n, header[headerCount])
	}
	return f, nil
}

// appendClick writes {"click":…} as encoding/json would, without reflection:
// this is done once per visitor, while the visitor waits.
func appendClick(b []byte, c *Click) []byte {
	b = append(b, `{"click":{"id":`...)
	b = appendText(b, string(c.ID))
	b = append(b, `,"at":"`...)
	b = append(c.At.AppendFormat(b, time.RFC3339Nano), '"')
	b = appendField(b, `,"program":`, string(c.Program))
	b = appendField(b, `,"link":`, string(c.Link))
	b = appendField(b, `,"affiliate":`, string(c.Affiliate))
	b = appendGiven(b, `,"reason":`, string(c.Reason))
	b = strconv.AppendInt(append(b, `,"day":`...), c.Day, 10)
	b = appendField(b, `,"visitor":`, c.Visitor)
	b = appendField(b, `,"network":`, c.Network)
	b = appendGiven(b, `,"country":`, c.Country)
	b = appendGiven(b, `,"device":`, c.Device)
	b = appendGiven(b, `,"browser":`, c.Browser)
	b = appendGiven(b, `,"os":`, c.OS)
	b = appendGiven(b, `,"language":`, c.Language)
	b = appendGiven(b, `,"referrer":`, c.Referrer)
	b = appendGiven(b, `,"landing":`, c.Landing)
	b = appendGiven(b, `,"agent":`, c.Agent)
	b = appendMap(b, `,"subs":`, c.Subs)
	b = appendMap(b, `,"utm":`, c.UTM)
	if c.QR {
		b = append(b, `,"qr":true`...)
	}
	return append(appendField(b, `,"lists":`, c.Lists), "}}"...)
}

func appendField(b []byte, name, value string) []byte { return appendText(append(b, name...), value) }

// appendGiven leaves an empty value out.
func appendGiven(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendField(b, name, value)
}

func appendMap(b []byte, name string, values map[string]string) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(b, name...)
	mark := byte('{')
	for _, key := range slices.Sorted(maps.Keys(values)) {
		b = appendText(append(b, mark), key)
		b = appendText(append(b, ':'), values[key])
		mark = ','
	}
	return append(b, '}')
}

// appendText writes a JSON string. Plain text is copied; what needs escapes is
// left to the library.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, encode(s)...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
