"""What Airbyte is made of: values, rules and error bodies, without files, threads or HTTP."""
