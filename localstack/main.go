// Package main is waybill-local, the program that the Makefile calls. It runs
// Waybill on this machine, tests it and measures it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"waybill/localstack/demo"
	"waybill/localstack/emulator"
	"waybill/localstack/prepare"
	"waybill/localstack/suite"
)

// errFailed stands for failures that the report has printed already.
var errFailed = errors.New("failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, errFailed) {
		fmt.Fprintln(os.Stderr, "waybill:", err)
	}
	if err != nil {
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	root, err := checkout()
	if err != nil {
		return err
	}
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "up", "down", "token":
		return runDemo(ctx, root, command)
	case "test":
		return test(ctx, root)
	case "bench":
		return suite.Bench(ctx, root, os.Stdout)
	case "dist":
		return dist(ctx, root, os.Getenv("ARCHITECTURE"))
	case demo.ServeCommand:
		return serve(ctx, args[1:])
	}
	return fmt.Errorf("%q is no command: up, down, token, test, bench or dist is", command)
}

func runDemo(ctx context.Context, root, command string) error {
	port, err := port(os.Getenv("PORT"))
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	d := demo.New(demo.Options{
		Root:     root,
		Program:  program,
		Emulator: os.Getenv("EMULATOR"),
		Port:     port,
		Out:      os.Stdout,
	})
	switch command {
	case "up":
		return d.Up(ctx)
	case "down":
		return d.Down(ctx)
	}
	name, abilities := os.Getenv("NAME"),
		strings.FieldsFunc(os.Getenv("ABILITIES"), func(r rune) bool { return r == ',' || r == ' ' })
	if name == "" || len(abilities) == 0 {
		return errors.New("say what token, such as `make token NAME=ci ABILITIES=read,deploy`; " +
			"abilities are root, read, read:sensitive, write and deploy")
	}
	token, err := d.Token(ctx, name, abilities)
	if err == nil {
		fmt.Println(token)
	}
	return err
}

func test(ctx context.Context, root string) error {
	strict := os.Getenv("WAYBILL_CI") != ""
	summary, err := suite.All(ctx, suite.AllOptions{
		Root:   root,
		Strict: strict,
		Full:   os.Getenv("FULL") != "",
		Out:    os.Stdout,
	})
	if err != nil {
		return err
	}
	summary.Print(os.Stdout)
	if len(summary.Failed) > 0 || (strict && len(summary.Skipped) > 0) {
		return errFailed
	}
	return nil
}

func dist(ctx context.Context, root, architecture string) error {
	if err := prepare.ForAWS(ctx, prepare.Options{Root: root, Say: say}, architecture); err != nil {
		return err
	}
	say("Built for AWS in .local/dist. To deploy it: cd infra && ../localstack/node_modules/.bin/cdk " +
		"deploy -c team=NAME")
	return nil
}

func serve(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: %s FOLDER PORT", demo.ServeCommand)
	}
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return demo.Serve(ctx, args[0], port)
}

// port parses PORT. It returns 0 if PORT is not set.
func port(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("PORT=%s is no port: it is a number from 1 to 65535, %d when it is not set",
			text, emulator.DefaultPort)
	}
	return port, nil
}

// checkout returns the root of the checkout, which is the current folder.
func checkout() (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, "localstack", "main.go")); err != nil {
		return "", errors.New("start this in the root of the checkout, by make")
	}
	return root, nil
}

func say(line string) { fmt.Println(line) }
