package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"waybill/internal/aws/teardown"
)

// destroy says what a deletion of the stack takes away, asks, and lets the CDK's command line delete it.
func (s stack) destroy(ctx context.Context, confirmed string) error {
	data, err := s.data(ctx)
	if err != nil {
		return err
	}
	fmt.Print(consequences(s.name, data))
	if err := confirm(s.team, confirmed); err != nil {
		return err
	}
	return teardown.Unprotect(ctx, s.session.CloudFormation(), s.name)
}

// consequences says what becomes of the stack and its data.
func consequences(name string, data teardown.Data) string {
	var text strings.Builder
	fmt.Fprintf(&text, "This deletes the stack %s: its API, functions, queues with their messages, alarms\n"+
		"and the logs of the functions. The secrets in the parameter store stay.\n", name)
	section := func(heading string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintln(&text, heading)
		for _, line := range lines {
			fmt.Fprintln(&text, "  "+line)
		}
	}
	section("These stay under their names, and a deployment with ADOPT=1 takes them in again:", data.Kept)
	section("THESE ARE DELETED FOR GOOD, with all deployments and logs:", data.Lost)
	if slices.ContainsFunc(data.Lost, func(line string) bool { return strings.HasPrefix(line, "key ") }) {
		fmt.Fprintln(&text, "Without the key, the secrets that stay cannot be read.")
	}
	return text.String()
}

// confirm asks for the name of the team, unless that was given already.
func confirm(team, given string) error {
	if given == "" {
		if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return errors.New("nothing was deleted: CONFIRM=" + team + " says yes where no one can be asked")
		}
		fmt.Printf("Type %s to go on: ", team)
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		given = strings.TrimSpace(line)
	}
	if given != team {
		return fmt.Errorf("nothing was deleted: %q is not %s; "+
			"CONFIRM=%[2]s says yes where no one can be asked", given, team)
	}
	return nil
}
