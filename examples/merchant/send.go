package merchant

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// outcome is how a call ended.
type outcome string

const (
	waiting  outcome = "waiting"  // not answered yet: it is sent again as it is
	accepted outcome = "accepted" // 2xx
	refused  outcome = "refused"  // sending it again would not help
)

// call is one thing that Tributary is told. It is written down before it is sent, with its body, so
// that it can be repeated exactly; a real shop keeps it in a table, in the transaction of its fact.
type call struct {
	What    string // in words, for people
	Path    string
	Key     string // the Idempotency-Key: the same for every attempt
	Body    []byte
	Outcome outcome
	Tries   int
	Status  int // of the last answer; 0 is none
	Answer  []byte
	Problem problem
	SentAt  time.Time
}

func newCall(what, path, key string, body any) call {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the bodies are structs of text and numbers
	}
	return call{What: what, Path: path, Key: key, Body: text, Outcome: waiting}
}

// read fills v from an accepted call's answer. An answer that cannot be read is like an empty one.
func (c *call) read(v any) {
	if c.Outcome == accepted {
		_ = json.Unmarshal(c.Answer, v)
	}
}

// tributary sends calls with the secret key.
type tributary struct {
	api, key string
	now      func() time.Time
	client   *http.Client
}

// patience is how long the shop waits for one answer. Nothing is lost when it is over.
const patience = 5 * time.Second

func newTributary(c Config) tributary {
	own := http.DefaultTransport.(*http.Transport).Clone() // nobody else's business closes its connections
	return tributary{api: c.API, key: c.SecretKey, now: c.Now, client: &http.Client{Timeout: patience, Transport: own}}
}

// deliver sends what waits, oldest first, and stops at the first call that must wait on: a payment
// arrives after its sign-up.
func (t tributary) deliver(ctx context.Context, calls []*call) {
	for _, c := range calls {
		if c.Outcome != waiting {
			continue
		}
		if t.send(ctx, c); c.Outcome == waiting {
			return
		}
	}
}

// send makes one attempt.
func (t tributary) send(ctx context.Context, c *call) {
	c.Tries++
	c.SentAt = t.now()
	resp, body, err := t.post(ctx, c)
	if err != nil {
		c.Status, c.Answer = 0, nil
		c.Problem = problem{Detail: "Tributary could not be reached.", Hint: "It is told again on the next visit; nothing is lost."}
		return
	}
	c.Status, c.Answer, c.Problem = resp.StatusCode, body, problem{}
	switch {
	case resp.StatusCode < 300:
		c.Outcome = accepted
		return
	case hopeless(resp):
		c.Outcome = refused
	}
	if json.Unmarshal(body, &c.Problem) != nil || c.Problem.Detail == "" {
		c.Problem = problem{Detail: fmt.Sprintf("Tributary answered %d %s.", resp.StatusCode, http.StatusText(resp.StatusCode))}
	}
}

// hopeless is true for answers that the same call would get again. A wrong key is not among them: the
// shop mends its key, and the customer never notices.
func hopeless(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	case http.StatusConflict:
		return resp.Header.Get("Retry-After") == "" // with it, the first attempt is still at work
	}
	return false
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

func (t tributary) post(ctx context.Context, c *call) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.api+c.Path, bytes.NewReader(c.Body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+t.key)
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set("Idempotency-Key", c.Key)
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp, body, err
}

// quote asks what a code is worth before anybody pays. It changes nothing, so it is neither kept nor
// repeated. The call says why when there is no answer.
func (t tributary) quote(ctx context.Context, ask couponAsk) (couponQuote, *call) {
	c := newCall("What is this code worth?", "/v1/coupons/quote", "", ask)
	t.send(ctx, &c)
	var q couponQuote
	c.read(&q)
	return q, &c
}
