package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/idempotency"
	"waybill/internal/openapi"
	"waybill/internal/oplog"
)

// gate checks every request to a function before its endpoint runs.
type gate struct {
	function  string
	router    openapi.Router
	bodies    Bodies
	checker   *access.Checker
	keys      idempotency.Store
	store     catalog.Reader
	tokens    access.Uses
	noted     access.UseNotes
	endpoints map[string]Endpoint
	repeats   map[string]Repeat
	await     func(ctx context.Context, c *Call, reply Answer) (Answer, error)
	opts      Options
}

// Function is an API function.
type Function struct {
	// Name is its name in openapi.yaml.
	Name string
	// Tokens may be nil if no operation of the function needs a token.
	Tokens access.Tokens
	// Store tells which resources the scope of a token covers.
	Store catalog.Reader
	// Endpoints maps the operations of openapi.yaml to their endpoints.
	Endpoints map[string]Endpoint
	// Keys and Repeats answer the repeats of operations that take an Idempotency-Key.
	Keys    idempotency.Store
	Repeats map[string]Repeat
	// Bodies checks the bodies of requests. A function whose operations take none has none.
	Bodies Bodies
	// Await completes the answer to a request for deployments that waits for their end or
	// follows to their result; Created has their ids. It runs when the Idempotency-Key has
	// the result, so that a repeat need not come after it. Nil if no request does.
	Await func(ctx context.Context, c *Call, reply Answer) (Answer, error)
}

// Bodies checks the bodies of requests by openapi.yaml. Invalid with the problems of each
// field.
type Bodies interface {
	Check(operation string, body []byte) error
}

// check returns Internal if the function cannot check tokens, or if an operation of it has
// no endpoint, or takes an Idempotency-Key and has no repeat, or takes a body and nothing
// checks it.
func (f Function) check(routes []openapi.Route) error {
	for _, route := range routes {
		if route.Function != f.Name {
			continue
		}
		if route.Ability != "" && (f.Tokens == nil || f.Store == nil) {
			return fault.New(fault.Internal, "the function %s cannot check tokens", f.Name)
		}
		if f.Endpoints[route.ID] == nil {
			return fault.New(fault.Internal,
				"openapi.yaml gives %s to the function %s, which has no endpoint for it", route.ID, f.Name)
		}
		if route.TakesKey && (f.Keys == nil || f.Repeats[route.ID] == nil) {
			return fault.New(fault.Internal,
				"%s takes an Idempotency-Key, and the function %s cannot repeat it", route.ID, f.Name)
		}
		if route.TakesBody && f.Bodies == nil {
			return fault.New(fault.Internal,
				"%s takes a body, and the function %s cannot check it", route.ID, f.Name)
		}
	}
	return nil
}

// NewHandler returns the handler of an API function. Internal if the function is not
// complete.
func NewHandler(f Function, opts Options) (http.Handler, error) {
	routes := openapi.Routes()
	if err := f.check(routes); err != nil {
		return nil, err
	}
	return &gate{
		function:  f.Name,
		router:    openapi.NewRouter(routes),
		bodies:    f.Bodies,
		checker:   access.New(f.Tokens, access.Options{Now: opts.Now, Limits: opts.Limits}),
		keys:      f.Keys,
		store:     f.Store,
		tokens:    f.Tokens,
		endpoints: f.Endpoints,
		repeats:   f.Repeats,
		await:     f.Await,
		opts:      opts,
	}, nil
}

// visit has the facts of one request for its line in the operator's log.
type visit struct {
	request   *http.Request
	requestID string
	route     openapi.Route
	// deployment is the uuid that the path names, or "".
	deployment string
	began      time.Time
	// noted waits until the use of the token is noted, if that is due.
	noted func()
	err   error
}

// ServeHTTP answers a request and logs one line.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{request: r, requestID: g.requestID(r), began: g.opts.Now()}
	ctx := oplog.With(r.Context(), oplog.RequestID, v.requestID)
	var reply Answer
	var body []byte
	var contentType string
	reply, v.err = g.serve(ctx, v)
	if v.err == nil {
		body, contentType, v.err = reply.encode()
	}
	if v.err != nil {
		reply = problemAnswer(v.err, v.requestID)
		body, contentType, _ = reply.encode() // texts and numbers always encode
	}
	if reply.Compress {
		w.Header().Set("Vary", "Accept-Encoding")
	}
	if zipped, is := reply.compressed(r, body); is {
		body = zipped
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set(RequestIDHeader, v.requestID)
	reply.write(w, body, contentType)
	g.log(ctx, v, reply)
}

// serve checks a request and calls its endpoint. A panic becomes an Internal
// error, which is logged like any other.
func (g *gate) serve(ctx context.Context, v *visit) (reply Answer, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			panicked := fmt.Errorf("panic: %s\n%s", fault.PanicText(cause), debug.Stack())
			err = fault.Wrap(panicked, fault.Internal, "an endpoint panicked")
		}
	}()
	defer func() {
		if v.noted != nil {
			v.noted()
		}
	}()
	c, err := g.admit(ctx, v)
	if err != nil {
		return Answer{}, err
	}
	if v.deployment = deploymentOf(c); v.deployment != "" {
		ctx = oplog.With(ctx, oplog.Deployment, v.deployment)
	}
	reply, err = g.run(ctx, c)
	if _, waits := c.Wait(); err != nil || g.await == nil || !waits && !c.Follows() {
		return reply, err
	}
	return g.await(ctx, c, reply)
}

// admit checks a request. The order limits what a stranger can learn: the route
// comes first, then the token, its ability and its scope, and only then the query and body.
func (g *gate) admit(ctx context.Context, v *visit) (*Call, error) {
	route, params, err := g.find(v.request)
	if err != nil {
		return nil, err
	}
	v.route = route
	c := &Call{route: route, Params: params, header: v.request.Header, opts: g.opts,
		path: v.request.URL.Path, store: g.store}
	if route.Ability != "" {
		c.Token, err = g.checker.Authenticate(ctx, c.header.Get("Authorization"), v.request.RemoteAddr)
		if err != nil {
			return nil, err
		}
		v.noted = g.noteUse(ctx, c.Token)
		if err := c.authorize(ctx); err != nil {
			return nil, err
		}
	}
	if c.Query, err = url.ParseQuery(v.request.URL.RawQuery); err != nil {
		return nil, fault.InvalidField("query", "is not percent-encoded as it should be")
	}
	read := readBody
	if route.Raw {
		read = readRaw
	}
	if c.Body, err = read(v.request.Body); err != nil {
		return nil, err
	}
	return c, g.check(c)
}

// noteTime limits the wait for the note of a use.
const noteTime = 2 * time.Second

// noteUse stores, while the endpoint runs, that the token is used, at most once in
// [access.UseEvery]. wait returns when that is done. A note that fails is only logged.
func (g *gate) noteUse(ctx context.Context, token access.Token) (wait func()) {
	now := g.opts.Now()
	if !g.noted.Due(token.ID, now) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := g.tokens.NoteUse(ctx, token.ID, now); err != nil {
			g.opts.Log.LogAttrs(ctx, slog.LevelWarn, "the use of a token was not noted",
				slog.String("error", err.Error()))
		}
	}()
	return func() {
		<-done
		cancel()
	}
}

// find returns the route and the parameters in the path. Any function answers the
// paths and methods that openapi.yaml does not have. No token is needed for that,
// because openapi.yaml is public.
func (g *gate) find(r *http.Request) (openapi.Route, map[string]string, error) {
	found, params, ok := g.router.Find(r.URL.Path)
	route, known := found.Route(r.Method)
	switch {
	case ok && !known:
		return openapi.Route{}, nil, methodNotAllowed(r.Method, found.Methods())
	case !ok || route.Function != g.function:
		return openapi.Route{}, nil, fault.New(fault.NotFound, "Not found.")
	}
	return route, params, nil
}

// check validates the query and the body by openapi.yaml.
func (g *gate) check(c *Call) error {
	if err := c.route.CheckQuery(c.Query); err != nil {
		return err
	}
	if err := c.checkWait(); err != nil {
		return err
	}
	if !c.route.TakesBody {
		return nil
	}
	if err := checkForm(c.header.Get("Content-Type"), c.Body); err != nil {
		return err
	}
	if err := g.bodies.Check(c.route.ID, c.Body); err != nil {
		return err
	}
	c.Body = withoutZeroFractions(c.Body)
	return nil
}

// deploymentOf returns the deployment that the path names, or "".
func deploymentOf(c *Call) string {
	for _, value := range c.Params {
		if id, err := deployment.ParseID(value); err == nil {
			return string(id)
		}
	}
	return ""
}

// log writes the line. It has neither a body nor a token. Only errors of Waybill's
// own are logged: a client's mistake is in the answer.
func (g *gate) log(ctx context.Context, v *visit, reply Answer) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("method", v.request.Method),
		slog.String("route", v.route.Path),
		slog.Int("status", reply.Status),
		slog.Duration("duration", g.opts.Now().Sub(v.began)),
	}
	if v.err != nil && reply.Status >= http.StatusInternalServerError {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", v.err.Error()))
	}
	if uuid := cmp.Or(reply.Deployment, deploymentsIn(reply.Created), v.deployment); uuid != "" {
		ctx = oplog.With(ctx, oplog.Deployment, uuid)
	}
	g.opts.Log.LogAttrs(ctx, level, "request", attrs...)
}

// RequestIDHeader is the header with the id of a request: the API gateway's id or a
// new one. The answer has it, too.
const RequestIDHeader = "X-Request-Id"

// requestIDs matches an id that is safe in a log and a header.
var requestIDs = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// requestID returns the id in the request's header, or a new one if that one is not
// safe in a log and a header.
func (g *gate) requestID(r *http.Request) string {
	if given := r.Header.Get(RequestIDHeader); requestIDs.MatchString(given) {
		return given
	}
	id, err := catalog.RandomText(catalog.IDLength, g.opts.Random)
	if err != nil {
		// Without an id the request can still be answered.
		g.opts.Log.LogAttrs(r.Context(), slog.LevelError, "no request id",
			slog.String("error", errors.Unwrap(err).Error()))
	}
	return id
}
