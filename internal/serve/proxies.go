package serve

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"tributary.example/internal/fault"
)

// Proxies are the networks whose word about a client's address is taken. None
// means that nobody's is.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks. The kind of error is Invalid.
func ParseProxies(texts []string) (Proxies, error) {
	var p Proxies
	for _, s := range texts {
		s = strings.TrimSpace(s)
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			address, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fault.New(fault.Invalid, "%s is no address and no network.", s).
					Hint("Write addresses such as 10.0.0.7 or networks such as 10.0.0.0/8.")
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		p = append(p, prefix.Masked())
	}
	return p, nil
}

func (p Proxies) trusts(address netip.Addr) bool {
	address = plainAddr(address)
	for _, prefix := range p {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// Client is who really asks: the connection's address or, when that is a
// trusted proxy, the rightmost address in the headers that is not one. The
// headers' values are given as they came; Forwarded (RFC 7239) is read when
// there is no X-Forwarded-For.
func (p Proxies) Client(remote netip.Addr, forwardedFor, forwarded []string) netip.Addr {
	remote = plainAddr(remote)
	if !p.trusts(remote) {
		return remote
	}
	hops := split(forwardedFor)
	if len(hops) == 0 {
		for _, element := range split(forwarded) {
			hops = append(hops, parameter(element, "for"))
		}
	}
	client := remote
	for i := len(hops) - 1; i >= 0; i-- {
		address, ok := parseHop(hops[i])
		if !ok {
			return client // what is left of it cannot be trusted either
		}
		client = address
		if !p.trusts(address) {
			return client
		}
	}
	return client
}

// Secure reports whether the client speaks https: this connection does, or a
// trusted proxy says so.
func (p Proxies) Secure(remote netip.Addr, tls bool, forwardedProto, forwarded []string) bool {
	if tls || !p.trusts(remote) {
		return tls
	}
	protos := split(forwardedProto)
	if len(protos) == 0 {
		for _, element := range split(forwarded) {
			if proto := parameter(element, "proto"); proto != "" {
				protos = append(protos, proto)
			}
		}
	}
	return len(protos) > 0 && strings.EqualFold(protos[len(protos)-1], "https")
}

type clientKey struct{}

type client struct {
	address netip.Addr
	secure  bool
}

// Middleware finds the client of each request; see ClientOf and SecureOf.
func (p Proxies) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remote := remoteOf(r)
		c := client{
			address: p.Client(remote, r.Header["X-Forwarded-For"], r.Header["Forwarded"]),
			secure:  p.Secure(remote, r.TLS != nil, r.Header["X-Forwarded-Proto"], r.Header["Forwarded"]),
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
	})
}

// ClientOf is the address of who asks. Outside of Middleware it is the
// connection's.
func ClientOf(r *http.Request) netip.Addr {
	if c, ok := r.Context().Value(clientKey{}).(client); ok {
		return c.address
	}
	return remoteOf(r)
}

// SecureOf reports whether who asks speaks https.
func SecureOf(r *http.Request) bool {
	if c, ok := r.Context().Value(clientKey{}).(client); ok {
		return c.secure
	}
	return r.TLS != nil
}

func remoteOf(r *http.Request) netip.Addr {
	address, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}
	}
	return address
}

// split cuts header values at commas; several headers are one list.
func split(values []string) []string {
	var out []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// parameter reads one parameter of a Forwarded element.
func parameter(element, name string) string {
	for pair := range strings.SplitSeq(element, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(key, name) {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// parseHop reads an address with or without a port, IPv6 with or without
// brackets.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return plainAddr(a), true
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return plainAddr(a.Addr()), true
	}
	return netip.Addr{}, false
}

func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
