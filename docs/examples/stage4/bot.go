// SPDX-License-Identifier: Apache-2.0

// Bot simulates stage 4, an AI trading bot, and sends its metrics with datadog-go.
//
// A model decides to buy or sell, a policy engine approves or refuses, and an executor trades. The
// calls of metrics stand where the plan for stage 4 has them: in the orchestrator, in the policy
// engine and in the executor. Everything else only gives them something to tell.
//
// Each hour of simulated time has five incidents: a crash of the market, which trips the circuit
// breaker; a loss that is more than a day may have; an exchange that refuses all orders; a model
// that hangs; and a bot that is stopped.
//
// Money, scores and the like are sent in multiples of 1/64, which datadog-go writes exactly.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/DataDog/datadog-go/statsd"
)

// --- metrics: what to copy into a bot of your own ---

// connect opens a client, or returns nil, whose methods do nothing: that is the switch.
func connect(isOn bool) *statsd.Client {
	if !isOn {
		return nil
	}
	// The variables are those that later versions of datadog-go read by themselves.
	address := net.JoinHostPort(
		getenv("DD_AGENT_HOST", "127.0.0.1"), getenv("DD_DOGSTATSD_PORT", "8125"))
	client, err := statsd.NewBuffered(address, 32)
	if err != nil {
		log.Printf("metrics are off: %v", err)
	}
	return client
}

func getenv(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// metrics sends samples, and keeps what they must add up to.
type metrics struct {
	client *statsd.Client
	series map[string]float64
	nSent  int
}

// count adds one to a counter. Each of tags is "label:value".
func (m *metrics) count(name string, tags ...string) {
	m.client.Incr(name, tags, 1)
	m.series[seriesName(name, tags)]++
	m.nSent++
}

// gauge sets a gauge, which may be below zero if udometer listens as DogStatsD does.
func (m *metrics) gauge(name string, value float64) {
	value = math.Round(value*64) / 64
	m.client.Gauge(name, value, nil, 1)
	m.series[name] = value
	m.nSent++
}

// seriesName is the name of a series as /metrics shows it.
func seriesName(name string, tags []string) string {
	labels := make([]string, 0, len(tags))
	for _, tag := range tags {
		label, value, _ := strings.Cut(tag, ":")
		labels = append(labels, fmt.Sprintf("%s=%q", label, value))
	}
	sort.Strings(labels)
	return name + "{" + strings.Join(labels, ",") + "}"
}

// --- the world: markets and incidents, the same for the same seed ---

// random is a splitmix64 generator.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a whole number from 0 to n - 1.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// between returns a number of the range.
func (r *random) between(low, high float64) float64 {
	return low + (high-low)*float64(r.next()>>11)/(1<<53)
}

const (
	regimeBull = iota
	regimeBear
	regimeSideways
	regimeVolatile
)

var (
	regimes = []string{"bull", "bear", "sideways", "volatile"}
	// Drift and volatility of a price in each regime, in a second.
	drifts       = []float64{6e-6, -6e-6, 0, 0}
	volatilities = []float64{8e-5, 8e-5, 4e-5, 2e-4}

	symbols = []string{"BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT"}
)

// An incident of each hour, from its begin to its end, in seconds.
type incident struct{ begin, end int }

var (
	marketCrashes   = incident{240, 300}
	marketRecovers  = incident{300, 1500}
	exchangeRefuses = incident{1320, 2280}
	modelHangs      = incident{2280, 2940}
	botIsStopped    = incident{2940, 3540}
)

func (i incident) isAt(now int) bool { return now%3600 >= i.begin && now%3600 < i.end }

// A market has the prices of all symbols, and a regime, which the model sees.
type market struct {
	random *random
	regime int
	prices []float64
}

func (m *market) move(now int) {
	drift := drifts[m.regime]
	if m.random.below(300) == 0 {
		m.regime = m.random.below(len(regimes))
	}
	if marketCrashes.isAt(now) {
		m.regime = regimeVolatile
		drift = -2e-3
	} else if marketRecovers.isAt(now) {
		drift = 1e-4
	}
	for i := range m.prices {
		noise := m.random.between(-1, 1) + m.random.between(-1, 1)
		m.prices[i] *= 1 + drift + noise*volatilities[m.regime]
	}
}

// --- the bot ---

const (
	stake           = 10000.0 // USDT at the start
	orderShare      = 0.04    // of the portfolio, for each buy
	positionMax     = 0.25    // of the portfolio, in one symbol
	confidenceMin   = 0.45
	dailyLossMax    = 100.0 // USDT
	drawdownMax     = 0.04  // trips the circuit breaker
	breakerS        = 900   // for so long
	reportIntervalS = 15    // as often as Prometheus scrapes
)

type holding struct{ quantity, cost float64 }

type bot struct {
	metrics *metrics
	random  *random
	market  *market

	now          int // simulated seconds since the start
	nextDecision int
	breakerEnd   int

	cash, realized, peak float64
	realizedBefore       float64 // when its day began
	holdings             []holding

	risk    float64 // as it was sent last
	riskSum float64 // its sum over all seconds in which the bot runs
	nRisks  int     // and their number
}

func newBot(m *metrics, seed uint64) *bot {
	r := random(seed)
	b := &bot{
		metrics: m,
		random:  &r,
		market:  &market{&r, regimeBull, []float64{60000, 3000, 150, 600}},
		cash:    stake,
		peak:    stake,
	}
	for _, price := range b.market.prices {
		b.holdings = append(b.holdings, holding{stake * 0.15 / price, stake * 0.15})
		b.cash -= stake * 0.15
	}
	return b
}

func (b *bot) value() float64 {
	value := b.cash
	for i, h := range b.holdings {
		value += h.quantity * b.market.prices[i]
	}
	return value
}

func (b *bot) drawdown() float64 { return 1 - b.value()/b.peak }

func (b *bot) isBreakerActive() bool { return b.now < b.breakerEnd }

// step simulates one second.
func (b *bot) step() {
	b.market.move(b.now)
	if botIsStopped.isAt(b.now) {
		if b.isBreakerActive() {
			b.breakerEnd++ // as the bot has no clock of its own meanwhile
		}
		b.now++
		return
	}
	// A day begins at midnight, and when the bot is started.
	if b.now%86400 == 0 || b.now%3600 == botIsStopped.end {
		b.realizedBefore = b.realized
	}
	b.watchDrawdown()
	if b.now >= b.nextDecision && !modelHangs.isAt(b.now) {
		b.decide()
		b.nextDecision = b.now + 3 + b.random.below(5)
	}
	if b.now%reportIntervalS == 0 {
		b.report()
	}
	b.riskSum += b.risk
	b.nRisks++
	b.now++
}

// watchDrawdown trips the circuit breaker when too much is lost, and resets it after a while.
func (b *bot) watchDrawdown() {
	switch {
	case b.now == b.breakerEnd && b.now > 0:
		b.peak = b.value()
		b.metrics.gauge("circuit_breaker_active", 0)
	case b.drawdown() > drawdownMax && !b.isBreakerActive():
		b.breakerEnd = b.now + breakerS
		b.metrics.gauge("circuit_breaker_active", 1)
	}
	b.peak = math.Max(b.peak, b.value())
}

// report sends the gauges again, before they are too old to be shown.
func (b *bot) report() {
	active := 0.0
	if b.isBreakerActive() {
		active = 1
	}
	b.metrics.gauge("portfolio_value_usdt", b.value())
	b.metrics.gauge("pnl_realized_usdt", b.realized)
	b.metrics.gauge("circuit_breaker_active", active)
	b.reportRisk()
}

func (b *bot) reportRisk() {
	b.metrics.gauge("policy_risk_score", b.riskScore())
	b.risk = b.metrics.series["policy_risk_score"]
}

// --- orchestrator.go: the model decides, and its decision goes the usual way ---

type decision struct {
	isBuy      bool
	symbol     int
	confidence float64
}

func (b *bot) decide() {
	d := decision{symbol: b.random.below(len(symbols)), confidence: b.random.between(0.4, 0.95)}
	if b.market.regime == regimeVolatile {
		d.confidence -= 0.2
	}
	d.isBuy = b.random.below(100) < 70

	approved := b.validate(d)
	b.metrics.count("ai_decision_total", "regime:"+regimes[b.market.regime],
		"approved:"+strconv.FormatBool(approved))
	b.metrics.gauge("ai_decision_confidence", d.confidence)
	if approved {
		b.execute(d)
	}
}

// --- policy/engine.go ---

// violations returns the policies that a decision violates.
func (b *bot) violations(d decision) []string {
	var found []string
	if b.isBreakerActive() {
		found = append(found, "max_drawdown")
	}
	if d.confidence < confidenceMin {
		found = append(found, "low_confidence")
	}
	share := b.holdings[d.symbol].quantity * b.market.prices[d.symbol] / b.value()
	if d.isBuy && share+orderShare > positionMax {
		found = append(found, "position_size")
	}
	if d.isBuy && b.realized-b.realizedBefore < -dailyLossMax {
		found = append(found, "daily_loss")
	}
	return found
}

func (b *bot) validate(d decision) bool {
	found := b.violations(d)
	for _, policy := range found {
		b.metrics.count("policy_violations_total", "policy:"+policy)
	}
	if len(found) == 0 {
		b.metrics.count("policy_validations_total", "result:approved")
	} else {
		b.metrics.count("policy_validations_total", "result:rejected")
	}
	b.reportRisk()
	return len(found) == 0
}

// riskScore is from 0 to 1: what is invested, what is lost already, and how wild the market is.
func (b *bot) riskScore() float64 {
	score := 0.1 + 0.35*(1-b.cash/b.value()) + 9*math.Max(0, b.drawdown())
	if b.market.regime == regimeVolatile {
		score += 0.15
	}
	return math.Min(1, score)
}

// --- executor.go ---

func (b *bot) execute(d decision) {
	if exchangeRefuses.isAt(b.now) {
		return
	}
	h, price, side := &b.holdings[d.symbol], b.market.prices[d.symbol], "buy"
	if d.isBuy {
		cost := b.value() * orderShare
		if cost > b.cash {
			return
		}
		b.cash -= cost
		h.cost += cost
		h.quantity += cost / price
	} else {
		side = "sell" // half of it
		h.quantity /= 2
		h.cost /= 2
		b.cash += h.quantity * price
		b.realized += h.quantity*price - h.cost
	}
	b.metrics.count("trades_total", "side:"+side, "symbol:"+symbols[d.symbol], "strategy:auto")
}

// --- the program ---

type options struct {
	seed            uint64
	duration, speed float64
	metrics, totals string
}

// accept declares a flag whose value is refused if set returns false. The package's own message
// has the flag and the value too, but is followed by all of the usage.
func accept(name, usage, expected string, set func(text string) bool) {
	flag.Func(name, usage, func(text string) error {
		if !set(text) {
			fmt.Fprintf(os.Stderr, "bot: --%s=%s: expected %s\n", name, text, expected)
			os.Exit(2)
		}
		return nil
	})
}

func acceptNumber(number *float64, name, usage string) {
	accept(name, usage, "a number above 0", func(text string) bool {
		var err error
		*number, err = strconv.ParseFloat(text, 64)
		return err == nil && *number > 0
	})
}

func parseFlags() options {
	o := options{seed: 1, duration: math.Inf(1), speed: 1, metrics: "off"}
	accept("seed", "the same seed gives the same events", "a whole number from 0",
		func(text string) bool {
			var err error
			o.seed, err = strconv.ParseUint(text, 10, 64)
			return err == nil
		})
	acceptNumber(&o.duration, "duration", "simulated `seconds`; endless without")
	acceptNumber(&o.speed, "speed", "simulated seconds in a second")
	accept("metrics", "`on`: send metrics", "on or off", func(text string) bool {
		o.metrics = text
		return text == "on" || text == "off"
	})
	flag.StringVar(&o.totals, "totals", "", "`file` for what the metrics must show at the end")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bot: %s: expected flags only\n", flag.Arg(0))
		os.Exit(2)
	}
	return o
}

// run simulates second after second, each when it is due, until the end or a signal. It returns
// how long it has worked.
func run(b *bot, o options) time.Duration {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	start, worked := time.Now(), time.Duration(0)
	for float64(b.now) < o.duration {
		due := start.Add(time.Duration(float64(b.now) / o.speed * float64(time.Second)))
		select {
		case <-signals:
			return worked
		case <-time.After(time.Until(due)):
		}
		began := time.Now()
		b.step()
		worked += time.Since(began)
	}
	return worked
}

func writeTotals(b *bot, path string, worked time.Duration) error {
	text, err := json.MarshalIndent(map[string]interface{}{
		"series": b.metrics.series,
		"absent": []string{},
		"info": map[string]float64{
			"samples_sent": float64(b.metrics.nSent),
			"loop_seconds": worked.Seconds(),
			"risk_mean":    b.riskSum / math.Max(1, float64(b.nRisks)),
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func main() {
	o := parseFlags()
	client := connect(o.metrics == "on")
	b := newBot(&metrics{client: client, series: map[string]float64{}}, o.seed)
	worked := run(b, o)
	client.Close() // sends what is still in the buffer
	if o.totals != "" {
		if err := writeTotals(b, o.totals, worked); err != nil {
			log.Fatal(err)
		}
	}
}
