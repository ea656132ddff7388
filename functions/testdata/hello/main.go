// Command hello is the smallest function on aws-lambda-go, the yardstick of BenchmarkStart.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() (string, error) { return "hello", nil }) }
