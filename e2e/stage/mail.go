package stage

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// mailed finds the first group of a pattern in the newest mail to an address:
// without a mail server the installation writes its mail into a folder.
func (s *Server) mailed(to string, pattern *regexp.Regexp) (string, error) {
	files, err := filepath.Glob(filepath.Join(s.dir, "data", "mail", "*.eml"))
	if err != nil {
		return "", err
	}
	sort.Sort(sort.Reverse(sort.StringSlice(files)))
	for _, file := range files {
		body, err := letter(file, to)
		if err != nil {
			return "", err
		}
		if match := pattern.FindStringSubmatch(body); match != nil {
			return match[1], nil
		}
	}
	return "", fmt.Errorf("none of %d mails is to %s and matches %s", len(files), to, pattern)
}

// letter is the plain text of a mail to an address, "" when it is to somebody
// else.
func letter(file, to string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	m, err := mail.ReadMessage(f)
	if err != nil || !strings.Contains(m.Header.Get("To"), to) {
		return "", err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	if params["boundary"] == "" {
		b, err := io.ReadAll(m.Body)
		return string(b), err
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart() // quoted-printable is decoded
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(part)
	return string(b), err
}
