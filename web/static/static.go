// Package static is the house's own style, scripts, signs and fonts: every file
// that a browser fetches besides pages.
//
// Its nouns are a file and its address. Invariants:
//
//  1. An address carries a hash of the file's content, so that it may be kept
//     for a year and is never stale.
//  2. All style sheets are one file, app.css, and all scripts one file, app.js;
//     within each the order is that of the file names.
//  3. Without the copied third-party files (a fresh clone before "make assets")
//     everything still works, in the system's own typeface.
//
// It owns no tables and must not know pages, people or programs.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// The last pattern always matches vendor.json, and the folder beside it once
// the build has filled it.
//
//go:embed css js img vendor*
var files embed.FS

// Prefix is where Handler must be mounted.
const Prefix = "/static/"

type asset struct {
	body  []byte
	media string
}

// library is everything that is served: paths by name, assets by path.
type library struct {
	paths  map[string]string
	assets map[string]asset
}

var shelf = load(files)

// Path returns the address of a file, for example "/static/app.3f2a9c1d.css"
// for "app.css", "img/favicon.svg" or "vendor/inter-latin.woff2". A name that
// does not exist panics, because it is a misspelling in a template.
func Path(name string) string {
	p, ok := shelf.paths[name]
	if !ok {
		panic("static: no file " + name)
	}
	return p
}

// Handler serves all files below Prefix: GET and HEAD, kept by browsers for a
// year. An address that is not one of Path's is answered with 404.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "This address can only be read.", http.StatusMethodNotAllowed)
			return
		}
		a, ok := shelf.assets[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.media)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	})
}

func load(fsys fs.FS) library {
	lib := library{paths: map[string]string{}, assets: map[string]asset{}}
	for _, dir := range []string{"img", "vendor"} {
		for _, name := range list(fsys, dir) {
			lib.add(name, read(fsys, name))
		}
	}
	lib.add("app.js", join(fsys, "js"))
	lib.add("app.css", lib.link(join(fsys, "css")))
	return lib
}

// add files a body under its name and under the address with its hash.
func (l library) add(name string, body []byte) {
	ext := path.Ext(name)
	sum := sha256.Sum256(body)
	address := Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
	l.paths[name] = address
	l.assets[address] = asset{body: body, media: mediaType(ext)}
}

var (
	fontFace = regexp.MustCompile(`(?s)@font-face\s*\{[^}]*\}\s*`)
	fileURL  = regexp.MustCompile(`url\("([^"]+)"\)`)
)

// link replaces file names in a style sheet by their addresses. A typeface
// whose file is not there is left out, so that no browser asks for it.
func (l library) link(css []byte) []byte {
	css = fontFace.ReplaceAllFunc(css, func(face []byte) []byte {
		if m := fileURL.FindSubmatch(face); m != nil && l.paths[string(m[1])] == "" {
			return nil
		}
		return face
	})
	return fileURL.ReplaceAllFunc(css, func(ref []byte) []byte {
		name := string(fileURL.FindSubmatch(ref)[1])
		address, ok := l.paths[name]
		if !ok {
			panic("static: a style sheet names a missing file " + name)
		}
		return []byte(`url("` + address + `")`)
	})
}

func join(fsys fs.FS, dir string) []byte {
	var out bytes.Buffer
	for _, name := range list(fsys, dir) {
		out.Write(read(fsys, name))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// list names the files of a folder in the order of their names, as fs.ReadDir
// gives them; a missing folder is empty.
func list(fsys fs.FS, dir string) []string {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	return names
}

func read(fsys fs.FS, name string) []byte {
	body, err := fs.ReadFile(fsys, name)
	if err != nil {
		panic("static: " + err.Error())
	}
	return body
}

// mediaType does not ask the machine's tables, which differ between systems.
func mediaType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// Policy is the content security policy under which all pages work: everything
// comes from the own host, nothing is written into a page.
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
