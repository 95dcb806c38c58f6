import { bank } from './activities.js';
import type { JourneyNews } from './contract.js';

/** Every open journey that it concerns is told, however many they are and whatever crashes on the way. */
export async function journeyNews(news: JourneyNews): Promise<{ told: number }> {
  return bank.tellJourneys.executeWithOptions({ summary: news.kind }, [news]);
}
