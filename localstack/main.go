// Package main is waybill-local, the program that the Makefile calls to run
// Waybill on this machine. It also gives the tests an emulator.
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
	case "check", "up", "down", "token", "orphans":
		return runDemo(ctx, root, command)
	case "redrive":
		return redriveLetters(ctx, root, os.Getenv("TEAM"))
	case "emulate":
		return emulate(ctx, root, args[1:])
	case "sweep":
		return sweep(ctx, root)
	case demo.ServeCommand:
		return serve(ctx, args[1:])
	}
	return fmt.Errorf("%q is no command: check, up, down, token, orphans, redrive, emulate or sweep is",
		command)
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
	case "check":
		return d.Check()
	case "up":
		return d.Up(ctx)
	case "down":
		return d.Down(ctx)
	case "orphans":
		return d.Orphans(ctx, os.Getenv("REMOVE") == "1")
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

// emulate starts an emulator for the tests of the packages and prints its URL: MiniStack,
// or the kind that args names. It checks no roles, because these tests have none. It stops
// the one that an interrupted run has left.
func emulate(ctx context.Context, root string, args []string) error {
	kind := emulator.MiniStack
	if len(args) > 0 {
		kind = emulator.Kind(args[0])
	}
	state := filepath.Join(root, ".local", "test-"+string(kind))
	if err := stop(ctx, root, state); err != nil {
		return err
	}
	e, err := emulator.Start(ctx, emulator.Options{
		Kind:  kind,
		Root:  root,
		State: state,
		NoIAM: true,
		Say:   func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err == nil {
		fmt.Println(e.Endpoint())
	}
	return err
}

// sweep stops every emulator that tests have started and not stopped.
func sweep(ctx context.Context, root string) error {
	var err error
	for _, states := range []string{"e2e-*", "test-*"} {
		found, broken := filepath.Glob(filepath.Join(root, ".local", states))
		err = errors.Join(err, broken)
		for _, state := range found {
			err = errors.Join(err, stop(ctx, root, state))
		}
	}
	return err
}

// stop stops the emulator of a state folder, if there is one.
func stop(ctx context.Context, root, state string) error {
	found, _, err := emulator.Find(root, state)
	if err != nil || found == nil {
		return err
	}
	return found.Stop(ctx)
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
