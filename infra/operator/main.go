// Package main is the program with which an operator takes a team's stack down and restores its data. The
// Makefile calls it: make destroy, make restore and make restore-logs.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"waybill/internal/aws/session"
	"waybill/internal/aws/teardown"
	"waybill/internal/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "waybill:", err)
		stop()
		os.Exit(1)
	}
}

// run runs a command about the stack of a team.
func run(ctx context.Context, args []string) error {
	if len(args) != 2 || args[1] == "" {
		return fmt.Errorf("usage: operator destroy|restore|restore-logs TEAM")
	}
	opened, err := session.New(settings.New(os.LookupEnv))
	if err != nil {
		return err
	}
	stack := stack{name: "waybill-" + args[1], team: args[1], session: opened}
	switch args[0] {
	case "destroy":
		return stack.destroy(ctx, os.Getenv("CONFIRM"))
	case "restore":
		return stack.restore(ctx, os.Getenv("TABLE"), os.Getenv("AT"))
	case "restore-logs":
		return stack.restoreLogs(ctx, os.Getenv("FROM"), os.Getenv("PREFIX"))
	}
	return fmt.Errorf("%q is no command: destroy, restore or restore-logs is", args[0])
}

// stack is the deployed stack of a team.
type stack struct {
	name, team string
	session    *session.Session
}

// data returns what becomes of the data of the stack when it is deleted.
func (s stack) data(ctx context.Context) (teardown.Data, error) {
	return teardown.Look(ctx, s.session.CloudFormation(), s.name)
}
