package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"waybill/internal/aws/redrive"
	"waybill/localstack/cloud"
	"waybill/localstack/demo"
)

// redriveLetters handles the changes again that dispatch gave up. With a team it works in the AWS
// account of the environment, and without one in the local cloud.
func redriveLetters(ctx context.Context, root, team string) error {
	changes, kept := 0, 0
	done := func(letter redrive.Letter) {
		changes += letter.Changes
		if letter.Err == nil {
			fmt.Printf("%s: %d changes handled, deleted\n", letter.ID, letter.Changes)
			return
		}
		kept++
		fmt.Printf("%s: %d changes handled, kept: %v\n", letter.ID, letter.Changes, letter.Err)
	}
	var err error
	if team == "" {
		err = demo.New(demo.Options{Root: root, Out: os.Stdout}).Redrive(ctx, done)
	} else {
		err = cloud.RedriveTeam(ctx, team, done)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d changes handled, %d letters kept.\n", changes, kept)
	if kept > 0 {
		return errors.New("letters are left; docs/operations.md says what to do with them")
	}
	return nil
}
