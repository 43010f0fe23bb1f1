package static

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestAnAddressIsKeptForAYear(t *testing.T) {
	t.Parallel()
	for name, media := range map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "img/favicon.svg": "image/svg+xml"} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path(name), nil))
		h := w.Header()
		got := []string{w.Result().Status, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("X-Content-Type-Options")}
		want := []string{"200 OK", media, "public, max-age=31536000, immutable", "nosniff"}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if w.Body.Len() == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestOtherAddressesAndMethods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, Prefix + "app.css", http.StatusNotFound},
		{http.MethodGet, Prefix + "../static.go", http.StatusNotFound},
		{http.MethodGet, Prefix, http.StatusNotFound},
		{http.MethodPost, Path("app.css"), http.StatusMethodNotAllowed},
		{http.MethodHead, Path("app.css"), http.StatusOK},
	} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.method, tt.path, w.Code, tt.want)
		}
	}
}

func TestAnotherContentHasAnotherAddress(t *testing.T) {
	t.Parallel()
	one := load(fstest.MapFS{"css/a.css": {Data: []byte("a{}")}})
	two := load(fstest.MapFS{"css/a.css": {Data: []byte("b{}")}})
	if one.paths["app.css"] == two.paths["app.css"] {
		t.Errorf("both are %s", one.paths["app.css"])
	}
}

func TestStyleSheetsAreJoinedAndLinked(t *testing.T) {
	t.Parallel()
	face := "@font-face {\n  src: url(\"vendor/x.woff2\");\n}\n"
	sheets := fstest.MapFS{
		"css/2.css": {Data: []byte("b{background:url(\"img/i.svg\")}")}, "css/1.css": {Data: []byte(face + "a{}")}, "img/i.svg": {Data: []byte("<svg/>")},
	}
	without := load(sheets)
	css := string(without.assets[without.paths["app.css"]].body)
	if strings.Contains(css, "font-face") {
		t.Errorf("a typeface that is not there is named: %s", css)
	}
	if a, b := strings.Index(css, "a{}"), strings.Index(css, without.paths["img/i.svg"]); a < 0 || b < a {
		t.Errorf("order or address is wrong: %s", css)
	}
	sheets["vendor/x.woff2"] = &fstest.MapFile{Data: []byte("font")}
	with := load(sheets)
	css = string(with.assets[with.paths["app.css"]].body)
	if !strings.Contains(css, `url("`+with.paths["vendor/x.woff2"]+`")`) {
		t.Errorf("the typeface is not linked: %s", css)
	}
}

func TestAMisspeltNamePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("Path returned")
		}
	}()
	Path("app.ccs")
}
