"""From a scenario and what entered its vessels to the cascade behind them: plan, means at outputs, drawn histories, tables."""
