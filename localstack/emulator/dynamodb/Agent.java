/** LocalStack starts DynamoDB Local with an agent that lifts a limit on indexes. Nobody here needs that: this one does nothing. */
public class Agent {
    public static void premain(String arguments) {}
}
