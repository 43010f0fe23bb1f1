package stage

import (
	"context"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Visitor is a person at a browser of their own, without scripts: cookies, navigation headers and a
// user agent that tells visitors behind one address apart.
type Visitor struct {
	agent  string
	client *http.Client
}

// Answer is what came back for one request.
type Answer struct {
	Status   int
	Location string // where a redirect leads, absolute
	Body     string
	Cookies  []*http.Cookie // set by this answer
	URL      string         // of the page that was shown in the end
}

// NewVisitor makes a visitor; another name is another browser.
func NewVisitor(name string) *Visitor {
	jar, _ := cookiejar.New(nil) // has no way to fail without options
	h := fnv.New32a()
	_, _ = io.WriteString(h, name)
	return &Visitor{
		agent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.%d.0 Safari/537.36", h.Sum32()%10000),
		client: &http.Client{
			Jar:       jar,
			Transport: &http.Transport{DialContext: dialLocal},
			Timeout:   patience,
		},
	}
}

// dialLocal sends every `.localhost` name to this machine, as browsers do.
func dialLocal(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// Click opens a tracking link and does not follow its redirect.
func (v *Visitor) Click(link string, header http.Header) (Answer, error) {
	client := *v.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return v.send(&client, "GET", link, nil, header)
}

// Open shows a page, following redirects.
func (v *Visitor) Open(page string) (Answer, error) {
	return v.send(v.client, "GET", page, nil, nil)
}

// Submit posts a form and shows the page that it leads to.
func (v *Visitor) Submit(action string, form url.Values) (Answer, error) {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if u, err := url.Parse(action); err == nil {
		header.Set("Origin", u.Scheme+"://"+u.Host)
		header.Set("Sec-Fetch-Site", "same-origin")
	}
	return v.send(v.client, "POST", action, strings.NewReader(form.Encode()), header)
}

func (v *Visitor) send(client *http.Client, method, target string, body io.Reader, header http.Header) (Answer, error) {
	req, err := http.NewRequest(method, target, body)
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("User-Agent", v.agent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("Sec-Fetch-Dest", "document")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	for name, values := range header {
		req.Header[name] = values
	}
	return answer(client.Do(req))
}

// answer reads a response to its end.
func answer(resp *http.Response, err error) (Answer, error) {
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: resp.StatusCode, Body: string(body), Cookies: resp.Cookies(), URL: resp.Request.URL.String()}
	if to, err := resp.Location(); err == nil {
		a.Location = to.String()
	}
	return a, nil
}

var (
	unseen = regexp.MustCompile(`(?is)<(script|style|template|head)\b.*?</(script|style|template|head)>|<!--.*?-->`)
	tag    = regexp.MustCompile(`(?s)<[^>]*>`)
)

// Text is what a reader sees of an HTML page, in one line.
func (a Answer) Text() string {
	text := tag.ReplaceAllString(unseen.ReplaceAllString(a.Body, " "), " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}
