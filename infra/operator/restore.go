package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"waybill/internal/aws/restore"
)

// pause is between two looks at a restoration.
const pause = 10 * time.Second

// restore makes the next generation of a table of the stack, or of all of them, as they were at a time.
// It then says how the stack takes them in.
func (s stack) restore(ctx context.Context, part, at string) error {
	var moment time.Time
	if at != "" {
		var err error
		if moment, err = time.Parse(time.RFC3339, at); err != nil {
			return fmt.Errorf("AT=%s: a time like 2026-11-30T18:00:00Z; without it, the latest one", at)
		}
	}
	data, err := s.data(ctx)
	if err != nil {
		return err
	}
	tables := data.Tables()
	chosen := tables
	if part != "" {
		chosen = slices.DeleteFunc(slices.Clone(tables), func(table string) bool {
			return partOf(s.name, table) != part
		})
	}
	if len(chosen) == 0 {
		return fmt.Errorf("TABLE=%s: a table of the stack, of %s", part, strings.Join(tables, ", "))
	}
	restored := map[string]string{}
	all := restore.Tables{Client: s.session.DynamoDB(), Wait: wait,
		Say: func(line string) { fmt.Println(line) }}
	for _, table := range chosen {
		if restored[table], err = restore.Next(table); err != nil {
			return err
		}
		if err := all.Restore(ctx, table, restored[table], moment); err != nil {
			return err
		}
	}
	fmt.Printf("The stack still uses the old tables. To take in the new ones, set this for the team, "+
		"and deploy:\n  make deploy TEAM=%s ADOPT=1 CONTEXT=generation=%s\n",
		s.team, generations(s.name, tables, restored))
	return nil
}

// partOf returns the name of a table in its stack: "catalog" of "waybill-a-catalog-2".
func partOf(stack, table string) string {
	rest := strings.TrimPrefix(table, stack+"-")
	return rest[:max(strings.LastIndex(rest, "-"), 0)]
}

// generations is the option for the tables of the stack after some were restored.
func generations(stack string, tables []string, restored map[string]string) string {
	var entries []string
	for _, table := range tables {
		if next, is := restored[table]; is {
			table = next
		}
		if number := table[strings.LastIndex(table, "-")+1:]; number != "1" {
			entries = append(entries, partOf(stack, table)+"="+number)
		}
	}
	return strings.Join(entries, ",")
}

// wait waits between two looks.
func wait(ctx context.Context) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// restoreLogs puts logs, or other objects whose names begin with the prefix, back from a backup.
func (s stack) restoreLogs(ctx context.Context, backup, prefix string) error {
	if backup == "" {
		return fmt.Errorf("FROM: the bucket that has a copy of the objects under the same names")
	}
	data, err := s.data(ctx)
	if err != nil {
		return err
	}
	bucket := ""
	for _, text := range slices.Concat(data.Kept, data.Lost) {
		if name, is := strings.CutPrefix(text, "bucket "); is {
			bucket = name
		}
	}
	if prefix == "" {
		prefix = "logs/"
	}
	objects := restore.Objects{Client: s.session.S3(),
		Say: func(key string) { fmt.Fprintln(os.Stderr, key) }}
	count, err := objects.Restore(ctx, backup, bucket, prefix)
	fmt.Printf("%d objects were put back, %d were there.\n", count.Restored, count.Present)
	return err
}
