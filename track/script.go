package track

import (
	_ "embed"
	"strings"

	"github.com/valyala/fasthttp"

	"tributary.example/program"
)

//go:embed script/t.js
var scriptSource string

// The words in the script that the server replaces by the program's settings.
const (
	scriptMode = "$MODE"
	scriptVia  = "$VIA"
)

// squeeze leaves out the script's comments and indentation. Our comments stand
// on lines of their own.
func squeeze(source string) []byte {
	var b strings.Builder
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return []byte(b.String())
}

// serveScript serves t.js with the mode and the parameter name of the host's
// program. It is kept for five minutes, so that a change of mode is soon true.
func (e *Edge) serveScript(ctx *fasthttp.RequestCtx) {
	mode, via := string(program.ModeCookieless), "via"
	if s, ok := e.dir.ofHost(hostOf(ctx)); ok {
		mode, via = string(s.Mode), s.ViaName
	}
	ctx.SetContentType("text/javascript; charset=utf-8")
	ctx.Response.Header.Set("Cache-Control", "public, max-age=300")
	ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	// Its own site may be another one than the page's.
	ctx.Response.Header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	ctx.SetBodyString(strings.NewReplacer(scriptMode, mode, scriptVia, via).Replace(string(e.script)))
}
